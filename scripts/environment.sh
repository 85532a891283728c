# Sourced by the other scripts: makes .venv and installs from the lock files. Leaves the shell in the root of the checkout.
# A lock is installed once; `.venv/.installed/NAME` holds the checksum of what was installed.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

is_recent() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.11 python3.12 python3.13 python3.14 python; do
    if command -v "$candidate" >/dev/null && is_recent "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail "Python 3.11 or newer was not found (python3 is $(python3 --version 2>&1 || true))." \
    "Install it (Debian, Ubuntu: apt install python3.11 python3.11-venv) or set PYTHON to its path, then run this again."
}

make_venv() {
  if [ -x .venv/bin/python ] && is_recent .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    return
  fi
  local python
  python=$(find_python) || exit 1
  echo "Making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv ||
    fail "$python could not make .venv: install its venv module (Debian, Ubuntu: apt install python3-venv) and run this again."
}

# quiet_pip ARGUMENTS...: pip install, which speaks only of errors
quiet_pip() {
  .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps "$@"
}

# checksum FILES...: of their content and of the interpreter
checksum() {
  { .venv/bin/python --version; cat "$@"; } | cksum
}

# installed NAME FILES...: succeeds when NAME was installed from these very files
installed() {
  local name=$1
  shift
  [ "$(cat ".venv/.installed/$name" 2>/dev/null)" = "$(checksum "$@")" ]
}

mark_installed() {
  local name=$1
  shift
  mkdir -p .venv/.installed
  checksum "$@" >".venv/.installed/$name"
}

# install_lock NAME: what requirements/NAME.lock lists, exactly
install_lock() {
  local lock=requirements/$1.lock
  installed "$1" "$lock" && return
  echo "Installing $lock"
  quiet_pip -r "$lock" || return
  mark_installed "$1" "$lock"
}

install_package() {
  make_venv
  install_lock base || fail "requirements/base.lock could not be installed: see pip's message above. Is there a network?"
  installed package pyproject.toml requirements/build.lock && return
  quiet_pip -r requirements/build.lock && quiet_pip --no-build-isolation --editable . ||
    fail "The package itself could not be installed: see pip's message above."
  mark_installed package pyproject.toml requirements/build.lock
}
