"""From what a client sent to what the job service takes, for every door that has clients. Knows no HTTP."""

import anyio.to_thread

from avatar.doors.api.body import VideoBody
from avatar.doors.api.callers import Caller
from avatar.doors.api.desk import Desk
from avatar.doors.api.sources import FETCHES, blob_of
from avatar.jobs.service import Order, Webhook
from avatar.request import Ask


async def understood(desk: Desk, caller: Caller, body: VideoBody, *, key: str | None = None) -> tuple[Ask, Order]:
    """The request and how it is to be treated. URLs are fetched, and `key` is the client's idempotency key.

    Raises `BadRequest` and all that is below it, and `StorageError`.
    """
    hook = body.webhook
    if hook:
        await anyio.to_thread.run_sync(desk.hands.check_hook, hook.url, limiter=FETCHES)
    order = Order(
        client=caller.name,
        payer=caller.payer,
        priority=body.priority,
        timeout=body.timeout_seconds,
        key=key,
        digest=body.digest,
        webhook=Webhook(hook.url, tuple(hook.events)) if hook else None,
    )
    return await request_of(desk, caller, body), order


async def request_of(desk: Desk, caller: Caller, body: VideoBody) -> Ask:
    """The request alone. Raises as `understood` does."""
    image = await blob_of(desk, body.image, kind="image", consent=body.consent, caller=caller)
    audio = await blob_of(desk, body.audio, kind="audio", consent=body.consent, caller=caller)
    video = await blob_of(desk, body.video, kind="video", consent=body.consent, caller=caller)
    backdrop = None
    if body.pictured:
        backdrop = await blob_of(desk, body.background, kind="image", consent=body.consent, caller=caller)
    sample = await blob_of(desk, body.voice_sample, kind="audio", consent=body.consent, caller=caller)
    faces = {
        name: await blob_of(desk, role.image, kind="image", consent=body.consent, caller=caller)
        for name, role in body.cast.items()
    }
    ask = body.request(image=image, audio=audio, video=video, backdrop=backdrop, voice_sample=sample, faces=faces)
    await desk.ask(desk.jobs.house.check, ask)
    return ask
