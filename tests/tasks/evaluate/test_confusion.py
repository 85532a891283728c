from tingshuo.tasks.evaluate.confusion import Confusion, confusions, tone_only
from tingshuo.text.metrics import pair_up


def pairs(*texts):
    return [pair_up(list(said), list(heard)) for said, heard in texts]


def test_the_most_frequent_come_first():
    found = confusions(pairs(("在在在", "再在再"), ("是在", "事再"), ("他们", "他"), ("好", "好的"), ("对", "对的")))
    assert found.substitutions == (Confusion("在", "再", 3, 4), Confusion("是", "事", 1, 1))
    assert found.deletions == (Confusion("们", None, 1, 1),)
    assert found.insertions == (Confusion(None, "的", 2, 2),)


def test_equal_ones_are_in_order_and_few_are_told():
    found = confusions(pairs(("丙乙甲", "xxx")), most=2)
    assert [one.said for one in found.substitutions] == sorted("丙乙甲")[:2]
    assert confusions([]) == ((), (), ())


def test_an_addition_is_counted_of_how_often_it_is_heard():
    assert confusions(pairs(("的", "的"), ("好", "好的"))).insertions == (Confusion(None, "的", 1, 2),)


def test_tones_alone():
    heard = [(("ma1", "ma3"), ("ma1", "mo1"), ("ma1", "ma1"), ("ma1", None), (None, "a1"), ("ok", "od"))]
    assert tone_only(heard) == (1, 3)
    assert tone_only([]) == (0, 0)
