"""torchaudio beside a torch it was not built for, and beside one it was; each in a process of its own."""

import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(find_spec("torch") is None, reason="the neural libraries are not installed")


def run(script: str, *, first: Path | None = None) -> str:
    """What a fresh interpreter prints, `first` on its path before anything else."""
    begin = f"import sys; sys.path.insert(0, {str(first)!r})\n" if first else ""
    done = subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def package(folder: Path, *, extension: str) -> Path:
    """A torchaudio whose native part does what `extension` says."""
    home = folder / "torchaudio"
    (home / "_extension").mkdir(parents=True)
    (home / "_extension" / "__init__.py").write_text(extension)
    (home / "__init__.py").write_text(
        "from ._extension import _IS_TORCHAUDIO_EXT_AVAILABLE, _IS_ALIGN_AVAILABLE, fail_if_no_align\n"
        "from . import functional\n"
    )
    (home / "functional.py").write_text(
        "from torchaudio._extension import fail_if_no_align\n"
        "def half(number): return number / 2\n"
        "@fail_if_no_align\n"
        "def forced_align(): return 'aligned'\n"
    )
    return folder


WORKS = """
_IS_TORCHAUDIO_EXT_AVAILABLE = _IS_ALIGN_AVAILABLE = True
def fail_if_no_align(function): return function
"""


def test_where_it_loads_nothing_is_changed(tmp_path: Path) -> None:
    told = run(
        """
        from stages import foreign
        print(foreign.ready(), foreign.ready())
        import torchaudio
        print(torchaudio.functional.forced_align(), torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE)
        """,
        first=package(tmp_path, extension=WORKS),
    )
    assert told.split() == ["True", "True", "aligned", "True"]


def test_where_its_native_part_does_not_load_the_rest_works_and_the_rest_says_no(tmp_path: Path) -> None:
    told = run(
        """
        from stages import foreign
        print(foreign.ready(), foreign.ready())
        import torchaudio
        print(torchaudio.functional.half(3), torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE)
        try:
            torchaudio.functional.forced_align()
        except RuntimeError as error:
            print(error)
        """,
        first=package(tmp_path, extension="raise OSError('Could not load _torchaudio.abi3.so')"),
    )
    assert told.splitlines()[:2] == ["False False", "1.5 False"]
    assert "Install the build for this torch" in told


def test_one_that_is_broken_in_another_way_counts_as_absent(tmp_path: Path) -> None:
    home = package(tmp_path, extension=WORKS)
    (home / "torchaudio" / "__init__.py").write_text("raise ImportError('broken')")
    told = run(
        """
        from stages import foreign
        print(foreign.ready())
        try:
            import torchaudio
        except ModuleNotFoundError:
            print("absent")
        """,
        first=home,
    )
    assert told.split() == ["False", "absent"]


def test_without_torchaudio_there_is_nothing_to_do() -> None:
    told = run(
        """
        import sys
        sys.path = [path for path in sys.path if "site-packages" not in path]
        from stages import foreign
        print(foreign.ready(), "torchaudio" in sys.modules, "torch" in sys.modules)
        """
    )
    assert told.split() == ["False", "False", "False"]


def test_transformers_and_speechbrain_load_beside_the_torch_that_is_here_and_leave_no_traps() -> None:
    told = run(
        """
        import sys, warnings
        import stages.speech.speecht5.encoder, stages.speech.speecht5.networks
        import torch, torchaudio
        print(len(torchaudio.functional.resample(torch.zeros(441), 44100, 16000)))
        warnings.simplefilter("error")
        names = [name for name in sys.modules if name.startswith("speechbrain")]
        print(len(names) > 10, all(hasattr(sys.modules[name], "__name__") for name in names))
        print(sum(getattr(sys.modules[name], "__file__", "") is None for name in names))
        """
    )
    assert told.split() == ["160", "True", "True", "0"]
