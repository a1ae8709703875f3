import os
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from tests.study.searches import wait_for
from tunesmith.process import ProcessId


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def name_of(process: subprocess.Popen[bytes]) -> ProcessId:
    started = psutil.Process(process.pid).create_time() - psutil.boot_time()
    return replace(ProcessId.current(), pid=process.pid, started=started)


def test_a_process_names_itself_alike_each_time_and_survives_its_text_form() -> None:
    me = ProcessId.current()
    assert me == ProcessId.current()
    assert me.pid == os.getpid()
    assert ProcessId.from_str(me.to_str()) == me
    assert not me.is_dead_here()


def test_a_process_is_dead_when_it_was_killed_also_before_it_is_waited_for(sleeper) -> None:
    process = name_of(sleeper)
    assert not process.is_dead_here()
    sleeper.kill()
    wait_for(lambda: psutil.Process(sleeper.pid).status() == psutil.STATUS_ZOMBIE)
    assert process.is_dead_here()
    sleeper.wait()
    assert process.is_dead_here()


def test_a_process_is_dead_when_its_number_was_reused() -> None:
    me = ProcessId.current()
    assert replace(me, started=me.started - 100).is_dead_here()
    assert not replace(me, started=me.started - 0.5).is_dead_here()


def test_nothing_is_known_about_another_host() -> None:
    assert not replace(ProcessId.current(), host="elsewhere", started=0.0).is_dead_here()
