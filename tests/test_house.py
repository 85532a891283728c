"""The house keeps its own rules: twins, sizes, versions that agree, and files that speak of the project alone.

What ruff, mypy and import-linter check (docstrings, relative imports, prints, storeys) is not checked again here.
"""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import tingshuo

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tingshuo"
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
MAX_INIT_LINES = 40

TESTED_ELSEWHERE: dict[str, str] = {}
"""Modules without a twin and the test that covers them instead. This list may only shrink."""


def committed(*patterns: str) -> list[Path]:
    """Return the files of the checkout that are, or are about to be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [path for path in map(ROOT.joinpath, listed.splitlines()) if path.is_file()]


MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def twin(module: str) -> str:
    """``text/split.py`` -> ``tests/text/test_split.py``."""
    path = Path("tests", module)
    return path.with_name(f"test_{path.name}").as_posix()


def test_every_module_has_its_test() -> None:
    tests = {module: TESTED_ELSEWHERE.get(module, twin(module)) for module in MODULES}
    assert len(tests) > 50
    assert not [test for test in tests.values() if not (ROOT / test).is_file()], "these tests are missing"


def test_the_list_of_exceptions_only_shrinks() -> None:
    assert not set(TESTED_ELSEWHERE) - set(MODULES), "these modules are gone: take them from the list"
    assert not [m for m in TESTED_ELSEWHERE if (ROOT / twin(m)).exists()], "these have a twin now: take them from the list"
    assert len(TESTED_ELSEWHERE) <= 0


def test_files_are_not_too_long() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in committed("*.py", "*.js", "*.css")}
    limits = {path: MAX_INIT_LINES if path.name == "__init__.py" else MAX_FILE_LINES for path in lengths}
    assert not [f"{path.relative_to(ROOT)}: {n} lines" for path, n in lengths.items() if n > limits[path]]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield name and length of each function, without its docstring."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            docstring = first if ast.get_docstring(node, clean=False) is not None else None
            skipped = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - skipped


def test_functions_are_not_too_long() -> None:
    found = [(path, *row) for path in committed("*.py") for row in functions(path)]
    assert not [f"{path.relative_to(ROOT)}: {name} has {n} lines" for path, name, n in found if n > MAX_FUNCTION_LINES]


def test_every_folder_of_the_package_says_what_it_is() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    silent = [f for f in folders if not ast.get_docstring(ast.parse((f / "__init__.py").read_text("utf-8")))]
    assert not silent


def test_the_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.search(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert released
    assert tingshuo.__version__ == project["version"] == released[1]


FOREIGN = re.compile(
    r"/(?:work|home|root|Users)/|pypi[.]org|pythonhosted[.]org|download[.]pytorch[.]org|(?:index|find)[-](?:url|links)"
)


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    found = []
    for path in committed():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}:{number}: {line}" for number, line in enumerate(lines, 1) if FOREIGN.search(line)]
    assert not found


def test_no_python_cache_model_or_audio_slips_in_unnoticed() -> None:
    """Everything large or binary lives in the voices, the docs, or beside what reads it."""
    allowed = (PACKAGE / "voices", PACKAGE / "text", PACKAGE / "audio" / "data", ROOT / "docs")
    large = [path for path in committed() if path.stat().st_size > 1 << 20 and not any(a in path.parents for a in allowed)]
    assert not large
    assert not committed("*.pyc", "*.pt", "*.pth", "*.pkl", "*.pickle", "*.bin", "*.wav", "*.mp3")


def test_every_lock_line_is_one_exact_version() -> None:
    for lock in ("base", "build", "dev", "train"):
        for line in (ROOT / "requirements" / f"{lock}.lock").read_text("utf-8").splitlines():
            assert re.fullmatch(r"#.*|[a-z0-9-]+==[\w.+]+( ; .+)?", line), f"{lock}: {line}"


def test_the_lock_holds_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {"base": project["dependencies"]} | project["optional-dependencies"]
    for lock, requirements in wanted.items():
        names = {line.split("==")[0] for line in (ROOT / "requirements" / f"{lock}.lock").read_text("utf-8").splitlines()}
        missing = {re.split(r"[<>=!~\[; ]", r)[0].lower().replace("_", "-") for r in requirements} - names
        assert not missing, f"run bash scripts/lock: {lock}.lock lacks {missing}"
