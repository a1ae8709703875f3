#!/bin/sh
# Make MLflow's database and its owner, in a PostgreSQL that is new.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$MLFLOW_DB_PASSWORD" \
  --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
CREATE ROLE mlflow LOGIN PASSWORD :'password';
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT ON DATABASE mlflow FROM PUBLIC;
SQL
