"""docs/http.md knows every route, field and error that the server has."""

import re
from pathlib import Path

from tingshuo.app.http.bodies import OpenAISpeechBody, SpeakBody, field_names
from tingshuo.app.http.replies import error_code
from tingshuo.app.http.transcriptions import MODELS, TranscriptionForm
from tingshuo.errors import MediaTypeError, SsmlError, TooLargeError, UnknownVoiceError, outcome

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "http.md").read_text("utf-8")


def test_every_route_is_documented(shared_client):
    for path, methods in shared_client.get("/openapi.json").json()["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in TEXT, path


def test_every_field_is_documented():
    for name in SpeakBody.model_fields | OpenAISpeechBody.model_fields:
        assert f"`{name}`" in TEXT, name


def test_every_field_of_a_recording_is_documented_with_its_default():
    text = (DOCS / "listen-http.md").read_text("utf-8")
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert rows.keys() == {"file", *field_names(TranscriptionForm)}
    for name in ("beam", "best"):
        assert rows[name].endswith(f"| {TranscriptionForm.model_fields[name].default} |")
    assert all(f"`{name}`" in rows["model"] for name in MODELS)


def test_errors_have_the_status_and_code_that_are_documented():
    for error in (UnknownVoiceError("x"), TooLargeError("x"), MediaTypeError("x"), SsmlError("x")):
        assert re.search(rf"\| {outcome(error).status} \| .*`{error_code(error)}`", TEXT)


def test_the_documented_page_works_against_this_server(shared_client):
    """What its script sends and reads, without the browser."""
    script = TEXT.split("<script>")[1].split("</script>")[0]
    fields = dict.fromkeys(re.findall(r"(\w+):", script.split("JSON.stringify(")[1].split(")")[0]), "happy")
    reply = shared_client.post(re.search(r'fetch\("([^"]+)"', script)[1], json=fields | {"text": "你好"}).json()
    assert shared_client.get(reply["audio_url"]).status_code == 200
    assert "reply.error?.message" in script
