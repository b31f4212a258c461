"""What would be published."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import slipway_sdk

ROOM = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOM)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel_has_code_types_and_licence_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"slipway_sdk/py.typed", "slipway_sdk/client/models.py"} <= set(names)
    assert [name for name in names if not name.startswith(("slipway_sdk/", "slipway_sdk-0.1.0.dist-info/"))] == []
    assert "slipway_sdk-0.1.0.dist-info/licenses/LICENSE" in names


def test_the_source_archive_has_readme_changelog_and_licence(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {"README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "src/slipway_sdk/serve.py"} <= names


def test_the_wheel_is_installed_into_an_empty_folder_and_runs_a_task(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(tmp_path), str(wheel)]
    subprocess.run(pip, check=True)
    program = (
        "from slipway_sdk import *; import slipway_sdk\n"
        "t = define_task('t', input=dict, output=dict, run=lambda input, ctx: {'n': input['n'] + 1})\n"
        "print(slipway_sdk.__file__, run_task(t, {'n': 1}).output)"
    )
    env = {"PYTHONPATH": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)
    assert done.stdout == f"{tmp_path}/slipway_sdk/__init__.py {{'n': 2}}\n", done.stderr


def test_its_version_is_that_of_the_other_packages() -> None:
    package = json.loads((ROOM.parents[1] / "package.json").read_text())
    assert slipway_sdk.__version__ == package["version"]
    assert f'version = "{package["version"]}"' in (ROOM / "pyproject.toml").read_text()


def test_the_client_is_that_of_the_contract() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOM / "tools" / "generate_client.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
