from tingshuo.train.told import Told


def test_whoever_listens_hears_stage_share_and_word():
    heard = []
    told = Told(lambda *what: heard.append(what))
    told("check", 0.5, "half")
    told.counter("features")(3, 4)
    told.counter("align")(0, 0)
    assert heard == [("check", 0.5, "half"), ("features", 0.75, ""), ("align", 0.0, "")]


def test_nobody_has_to_listen():
    Told()("check", 1.0)
