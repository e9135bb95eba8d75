"""The door frame: says what this machine will do, then serves it. Knows the hallway, and only once it runs.

    python app.py [--host 127.0.0.1] [--port 7860]

On a Hugging Face Space this is the `app_file`; there, and in a container, the address comes from the environment.
"""

import argparse
import os
import sys


def main(argv: list[str] | None = None) -> int:
    """Print the plan and serve until stopped. The exit status is 0 after a good end, else that of what went wrong."""
    parser = argparse.ArgumentParser(description="Serve Avatar Chat.", allow_abbrev=False)
    parser.add_argument("--host", default=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), help="(%(default)s)")
    parser.add_argument("--port", default=os.environ.get("GRADIO_SERVER_PORT", "7860"), type=int, help="(%(default)s)")
    chosen = parser.parse_args(argv)
    import smart_startup

    return smart_startup.open_house(host=chosen.host, port=chosen.port)


if __name__ == "__main__":
    sys.exit(main())
