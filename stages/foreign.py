"""torchaudio made importable beside a torch that it was not built for. Knows nothing of what is done with it.

transformers, diffusers, peft and SpeechBrain import torchaudio where they find it, and fail when its native part does
not load, as with a CPU torch beside a CUDA torchaudio. What they use of it is written in Python and works without.
"""

import importlib
import sys
import threading
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn

_NATIVE = "torchaudio._extension"
_LOCK = threading.Lock()


def ready() -> bool:
    """Make `import torchaudio` work; call it before the first import of such a library.

    True where torchaudio loads by itself and is left alone; false where it is missing or its native part stood in for.
    """
    with _LOCK:
        if (known := sys.modules.get("torchaudio")) is None and find_spec("torchaudio") is None:
            return False
        if known is None:
            try:
                importlib.import_module("torchaudio")
            except (OSError, ImportError) as error:
                _stand_in(error)
    return sys.modules.get("torchaudio") is not None and not hasattr(sys.modules.get(_NATIVE), "refusal")


def without_redirects(package: str) -> None:
    """Take out of the loaded modules those of a package that only warn of an old name, or fail, when looked at.

    Programs that look at every loaded module, as test and debugging tools do, would stumble over them.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{package}.") and "Redirect" in type(module).__name__:
            del sys.modules[name]


def _stand_in(refusal: OSError | ImportError) -> None:
    """Import torchaudio with its native part replaced by one that says no."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
        del sys.modules[name]
    sys.modules[_NATIVE] = native = _refusing(str(refusal))
    try:
        vars(importlib.import_module("torchaudio"))["_extension"] = native
    except (OSError, ImportError):  # broken in another way: libraries that merely look for it do without
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules["torchaudio"] = None  # type: ignore[assignment]  # the documented mark of an absent module


def _refusing(refusal: str) -> ModuleType:
    """What torchaudio finds instead of its native part: all that it asks of it, answered with no."""

    def unaligned(_function: Callable[..., Any]) -> Callable[..., NoReturn]:
        def refuse(*_: object, **__: object) -> NoReturn:
            raise RuntimeError("torchaudio's native part does not load here. Install the build for this torch.")

        return refuse

    module = ModuleType(_NATIVE)
    module.__spec__ = ModuleSpec(_NATIVE, None, is_package=True)
    module.__path__ = []
    given = {"_IS_TORCHAUDIO_EXT_AVAILABLE": False, "_IS_ALIGN_AVAILABLE": False, "_check_cuda_version": lambda: None}
    vars(module).update(given, fail_if_no_align=unaligned, refusal=refusal)
    return module
