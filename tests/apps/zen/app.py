from fit import fit
from hydra_zen import store, zen


@store(name="zen_app", x=1.0, width=1)
def train(x: float, width: int) -> float:
    return fit(x, offset=width)


if __name__ == "__main__":
    store.add_to_hydra_store()
    zen(train).hydra_main(config_name="zen_app", config_path=None, version_base="1.3")
