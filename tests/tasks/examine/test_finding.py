from tingshuo.tasks.examine.finding import Finding


def test_what_is_right_needs_no_remedy():
    assert Finding("files", "ok", "all there").remedy == ""
