"""The door frame: says what this machine would do and how to make a film. Knows the hallway, and only once it runs."""

HOW = """
Make a film:   python -m avatar speak "Hello, I am Ada." -o hello.mp4
See who there is:   python -m avatar avatars --sheet avatars.png
"""


def main() -> int:
    """Print the plan for this machine, then how to go on. The exit status is that of the plan."""
    import smart_startup

    status = smart_startup.main()
    if status == 0:
        print(HOW, end="")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
