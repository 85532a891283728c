import subprocess
import sys
from pathlib import Path

import tingshuo

LAUNCH = Path(tingshuo.__file__).parent / "port/foreign_env/launch.py"


def test_the_program_becomes_main_with_its_own_arguments(tmp_path):
    (tmp_path / "program.py").write_text("import sys\nprint(__name__, sys.argv[1:])\nsys.exit(5)")
    command = [sys.executable, "-I", str(LAUNCH), str(tmp_path / "program.py"), "a", "b"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("__main__ ['a', 'b']\n", 5)


def test_there_is_no_network_where_the_system_lets_it_be_closed(tmp_path):
    (tmp_path / "program.py").write_text(
        "import os\nprint(*sorted(os.listdir('/sys/class/net')), os.readlink('/proc/self/ns/net'))"
    )
    command = [sys.executable, "-I", str(LAUNCH), str(tmp_path / "program.py")]
    inside = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    outside = subprocess.run([sys.executable, str(tmp_path / "program.py")], capture_output=True, text=True, check=True).stdout
    allowed = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode == 0
    assert (inside.split()[-1] != outside.split()[-1]) == allowed
