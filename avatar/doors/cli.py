"""The command line, `python -m avatar`. Knows the job façade and the words; how films are made it does not know.

Exit status: 0 done, 1 unexpected or a failed check, 2 the request must be changed, 3 no film could be made,
4 the disk refused, 130 called off. Every error is one line on standard error.
"""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from avatar import __version__
from avatar.doors.commanding import Parser, walled

if TYPE_CHECKING:
    from avatar.doors.hallway import Hallway


LISTENING = frozenset({"serve", "worker", "mcp"})
"""Commands that run until they are stopped, and print nothing of their own."""


def main(argv: Sequence[str], *, hallway: "Hallway") -> int:
    """Run one command and return its exit status. The hallway is entered only when there is something to do."""
    return walled(lambda: _command(argv, hallway), as_json="--json" in argv)


def _command(argv: Sequence[str], hallway: "Hallway") -> int:
    chosen = _parser().parse_args(argv)
    from avatar.doors import commands  # only now, so that --help and a slip of the pen are answered at once

    return commands.BY_NAME[chosen.command](chosen, hallway)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m avatar", description="Text in, a film of an avatar saying it out.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"avatar chat {__version__}")
    known = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    _speak_arguments(known.add_parser("speak", help="make a film", allow_abbrev=False))
    _video_arguments(known.add_parser("video", help="make a silent film of what words say", allow_abbrev=False))
    _image_arguments(known.add_parser("image", help="make pictures of what words say", allow_abbrev=False))
    asked = known.add_parser("voices", help="list the voices", allow_abbrev=False)
    asked.add_argument("--language", metavar="TAG", help="only those of this language, such as en or pt-br")
    asked.set_defaults(command="voices")
    shown = known.add_parser("avatars", help="list the avatars", allow_abbrev=False)
    shown.add_argument("--sheet", metavar="PNG", help="draw all of them on one picture")
    shown.set_defaults(command="avatars")
    measured = known.add_parser("check", help="measure how good a talking film is", allow_abbrev=False)
    measured.add_argument("file", metavar="FILE")
    measured.set_defaults(command="check")
    verified = known.add_parser("verify", help="say what a film tells of its own making", allow_abbrev=False)
    verified.add_argument("file", metavar="FILE")
    verified.set_defaults(command="verify")
    served = known.add_parser("serve", help="serve page, JSON API and MCP, and make films for them", allow_abbrev=False)
    served.add_argument("--host", default="127.0.0.1", help="address to listen at (%(default)s)")
    served.add_argument("--port", type=int, default=7860, help="(%(default)s)")
    served.add_argument("--no-worker", action="store_true", help="leave the work to `worker` processes")
    served.set_defaults(command="serve")
    working = known.add_parser("worker", help="make films that others ask for", allow_abbrev=False)
    working.add_argument("--gpu", action="store_true", help="take stages that need this machine's GPU only")
    working.set_defaults(command="worker")
    tool = known.add_parser("mcp", help="serve an MCP client over standard input and output", allow_abbrev=False)
    tool.set_defaults(command="mcp")
    planned = known.add_parser("plan", help="say what this machine would do", allow_abbrev=False)
    planned.set_defaults(command="plan")
    for each in known.choices.values():
        if each.get_default("command") in LISTENING:
            continue
        each.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return parser


def _speak_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="speak")
    add = parser.add_argument
    add(
        "text",
        metavar="TEXT|-|FILE",
        nargs="?",
        help="what to say: words, - for standard input, or the name of a text file; with --audio, what is said there;"
        " [smile], [nod], [look left], [pause 0.5s] and other directions may stand between the words",
    )
    add(
        "-o",
        "--output",
        metavar="FILE",
        default="avatar.mp4",
        help="the film; .wav makes sound only, .webm and .mov the person on nothing, .gif and .webp a short loop,"
        " .av1.mp4 and .hevc.mp4 other codecs (%(default)s)",
    )
    _people_arguments(parser)
    _film_arguments(parser)


def _people_arguments(parser: argparse.ArgumentParser) -> None:
    """Who is seen and heard, and whom they move like."""
    add = parser.add_argument
    add("--voice", metavar="ID", help="see `voices`; by default the avatar's own")
    add("--avatar", metavar="ID", help="see `avatars`; by default one that fits prompt and voice")
    add(
        "--prompt",
        metavar="WORDS",
        help='what the avatar should be like, such as "Professional teacher explaining math"',
    )
    add(
        "--cast",
        metavar="NAME=WHO",
        action="append",
        default=[],
        help="who plays a speaker of a script such as `Ada: Hello. Ben: Hi!`: an avatar or a picture, and after commas"
        " voice=ID, rate=X, pitch=X; once for each, others are chosen",
    )
    add("--layout", metavar="HOW", help="how several speakers are shown: auto, side_by_side or cut (auto)")
    add("--image", metavar="FILE", help="a picture of the face to show")
    add("--video", metavar="FILE", help="a film of somebody, whose mouth shall say it; with --image, to move like")
    add(
        "--drive",
        metavar="WHAT",
        action="append",
        default=[],
        help="how a model moves --image: motion=NAME, gestures=X, replace, width=N, height=N, fps=N, between=latents,"
        " window=N, overlap=N, guided=X, reuse=N; for Stable Video Diffusion motion_bucket=N, noise_augmentation=X,"
        " min_guidance=X, decode_chunk=N; several with commas",
    )
    add("--face", metavar="N", help="which face of the picture or film: 0 is the largest (0)")
    add("--audio", metavar="FILE", help="a recording to be heard instead of a voice")
    add("--voice-sample", metavar="FILE", help="3 to 30 s of somebody speaking, in whose voice the text is said")
    add("--language", metavar="TAG", help="of the recording's words, such as de; by default told by the words")
    add("--consent", action="store_true", help="whoever is seen and heard in these files agrees")


def _film_arguments(parser: argparse.ArgumentParser) -> None:
    """How the film is made and looks, and what is written beside it."""
    add = parser.add_argument
    add("--seed", metavar="N", help="same request and seed: same film; by default drawn and told")
    add("--size", metavar="WxH", help="256 to 1080 pixels on the short side (512x512)")
    add("--fps", metavar="N", help="25, 30, 50 or 60 frames a second (25)")
    add(
        "--captions",
        metavar="HOW",
        help="none, soft (a track that can be switched on) or burned (in the picture; not in Arabic, Indic and Thai"
        " scripts)",
    )
    add("--background", metavar="WHAT", help="scene, blur, transparent, a colour (teal, #3366cc) or a picture (scene)")
    add("--framing", metavar="HOW", help="close, head_and_shoulders, wide or whole (head_and_shoulders)")
    add("--zoom", metavar="X", help="how much nearer than that, 1 to 2 (1)")
    add("--label", metavar="TEXT", help='written into each frame; auto: "AI-generated" in the language spoken')
    add("--rate", metavar="X", help="pace of the voice, 0.5 to 2 (1)")
    add("--pitch", metavar="X", help="semitones, -12 to 12 (0)")
    add(
        "--backend",
        metavar="STAGE=ID",
        action="append",
        default=[],
        help="who does a stage's work, such as motion=idle; by default the best that there is",
    )
    _sampling_arguments(parser)
    add("--mood", metavar="NAME", help="neutral, happy, sad, angry, surprised or thinking (neutral)")
    for name in ("head", "blink", "gaze", "expression"):
        add(f"--{name}", metavar="X", help=f"amount of {name} motion, 0 to 2 (1)")
    add("--strict", action="store_true", help="fail rather than make less than was asked for")
    for name, what in (
        ("certificate", "measured quality, as JSON"),
        ("srt", "captions as SRT"),
        ("vtt", "captions as WebVTT"),
        ("words", "word times, as JSON"),
        ("motion-csv", "ARKit motion, as CSV"),
        ("thumbnail", "picture of its beginning"),
    ):
        add(f"--{name}", metavar="FILE", help=f"also write the {what}")


def _video_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="video")
    _shown_arguments(parser, "film.mp4")
    add = parser.add_argument
    add("--image", metavar="FILE", help="a picture that it begins with")
    add("--video", metavar="FILE", help="a film of somebody to move like")
    add("--seconds", metavar="S", help="how long (4)")
    add("--frames", metavar="N", help="how long, in frames, instead of seconds")
    add("--fps", metavar="N", help="25, 30, 50 or 60 frames a second (25)")
    add("--label", metavar="TEXT", help='written into each frame; auto: "AI-generated"')
    add("--consent", action="store_true", help="whoever is seen in these files agrees")


def _image_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command="image", consent=False)
    _shown_arguments(parser, "picture.png")


def _shown_arguments(parser: argparse.ArgumentParser, output: str) -> None:
    """What films and pictures made of words have in common."""
    add = parser.add_argument
    add("prompt", metavar="WORDS|-|FILE", nargs="?", help="what is to be seen")
    add("-o", "--output", metavar="FILE", default=output, help="the first of them (%(default)s)")
    add("--size", metavar="WxH", help="256 to 1080 pixels on the short side (512x512)")
    add("--seed", metavar="N", help="same request and seed: same bytes; by default drawn and told")
    add("--variations", metavar="N", help="so many, with the seeds from that one on, 1 to 8 (1)")
    add("--sheet", metavar="PNG", help="also all of them side by side")
    add("--backend", metavar="ID", help="which model; by default the best that there is")
    _sampling_arguments(parser)
    add("--strict", action="store_true", help="fail rather than make less than was asked for")


def _sampling_arguments(parser: argparse.ArgumentParser) -> None:
    """How diffusion models work, and which there may be."""
    add = parser.add_argument
    add("--negative-prompt", metavar="WORDS", help="what must not be seen")
    add("--steps", metavar="N", help="steps of diffusion; by default the model's own")
    add("--guidance-scale", metavar="X", help="by default the model's own")
    add("--sampler", metavar="NAME", help="by default the model's own; those that don't fit are refused")
    add("--cache-threshold", metavar="X", help="take over what changes by less than X from step to step (0; Wan, LTX)")
    add("--profile", metavar="NAME", help="auto, minimal, recommended or maximum (auto)")
