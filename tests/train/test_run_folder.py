"""What a run has done decides what may be done next."""

import pytest

torch = pytest.importorskip("torch")

from tests.train.toy import IDENTITY, Toy  # noqa: E402

from tingshuo.errors import RegistryError, TrainError  # noqa: E402
from tingshuo.train.config import read_config  # noqa: E402
from tingshuo.train.loop import fit  # noqa: E402
from tingshuo.train.run_folder import begun, check_identities, check_run, claimed  # noqa: E402

pytestmark = pytest.mark.train

CONFIG = read_config("tiny", settings=["loop.steps=2", "vocoder.loop.steps=2", "joint.loop.steps=2"])


def trained(run, **steps):
    for stage, count in steps.items():
        (run / stage).mkdir(parents=True)
        fit(Toy(), run / stage, CONFIG.loop_of(stage).replace(steps=count), IDENTITY)
    return run


def test_a_new_run_is_begun_and_an_old_one_gone_on_with(tmp_path):
    assert check_run(tmp_path, CONFIG, False) == CONFIG
    with pytest.raises(TrainError, match="holds no checkpoint to go on from; train without --resume"):
        check_run(tmp_path, CONFIG, True)
    trained(tmp_path, acoustic=1)
    assert begun(tmp_path) == ("acoustic",)
    with pytest.raises(TrainError, match="has a training already; add --resume"):
        check_run(tmp_path, CONFIG, False)
    assert check_run(tmp_path, CONFIG, True) == CONFIG


def test_a_stage_that_is_finished_stays_part_of_the_run(tmp_path):
    trained(tmp_path, acoustic=2)
    only = CONFIG.replace(stages=("vocoder",))
    assert check_run(tmp_path, only, True).stages == ("acoustic", "vocoder")


def test_a_stage_that_is_unfinished_is_not_left_behind(tmp_path):
    trained(tmp_path, acoustic=1)
    with pytest.raises(TrainError, match="acoustic: is not finished, and stages leaves it out"):
        check_run(tmp_path, CONFIG.replace(stages=("vocoder",)), True)


def test_nothing_goes_on_under_a_stage_that_was_built_on_it(tmp_path):
    trained(tmp_path, acoustic=2, vocoder=2, joint=1)
    assert check_run(tmp_path, CONFIG, True) == CONFIG
    longer = CONFIG.replace(loop=CONFIG.loop.replace(steps=9))
    with pytest.raises(TrainError, match="joint: began with what acoustic had learnt"):
        check_run(tmp_path, longer, True)


def test_the_acoustic_model_may_go_on_after_the_vocoder_has_begun(tmp_path):
    trained(tmp_path, acoustic=2, vocoder=1)
    longer = CONFIG.replace(loop=CONFIG.loop.replace(steps=9))
    assert check_run(tmp_path, longer, True) == longer


def test_other_settings_of_any_stage_are_refused(tmp_path):
    trained(tmp_path, acoustic=2, vocoder=1)
    check_identities(tmp_path, {"acoustic": IDENTITY, "vocoder": IDENTITY, "joint": {"not": "begun"}})
    with pytest.raises(TrainError, match="data was 'toy' and is 'other'"):
        check_identities(tmp_path, {"acoustic": IDENTITY, "vocoder": {**IDENTITY, "data": "other"}})


def test_one_at_a_time_is_at_a_run(tmp_path):
    with claimed(tmp_path / "run"):
        with (
            pytest.raises(TrainError, match="run: is in use, by a training or by who saves or cleans it"),
            claimed(tmp_path / "run"),
        ):
            pass
        with claimed(tmp_path / "other"):
            pass
    with pytest.raises(RegistryError, match="of the work"), claimed(tmp_path / "run"):
        raise RegistryError("of the work itself")
