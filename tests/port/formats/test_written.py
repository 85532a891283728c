from tingshuo.port.formats.written import cannot_express


def test_an_operator_that_is_missing_is_told_with_format_graph_and_remedy():
    said = str(cannot_express("ncnn", "encoder", "torch.arange"))
    assert said == (
        "format ncnn: graph 'encoder' cannot be written, it has no torch.arange; choose another format, or leave this graph out"
    )
    assert "no x: because; choose" in str(cannot_express("ncnn", "encoder", "x", "because"))
