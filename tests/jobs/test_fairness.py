"""Who waits how long: 200 jobs of 20 clients, one of them greedy."""

from collections import Counter

from avatar.jobs.durable import DurableJobs
from avatar.jobs.service import Job, Order
from avatar.request import parse
from tests.jobs.conftest import Open
from tests.jobs.waiting import all_ended, ended

CLIENTS = 20
MODEST = 5  # jobs of each client but the greedy one
GREEDY = 200 - MODEST * (CLIENTS - 1)


def ask(jobs: DurableJobs, client: str, text: str, *, priority: int = 5) -> Job:
    return jobs.submit(parse({"text": text, "kind": "speech", "seed": 1}), Order(client=client, priority=priority))


def served(jobs: DurableJobs, made: list[Job]) -> list[Job]:
    """The jobs in the order in which they were begun."""
    done = all_ended(jobs, made)
    assert {job.status for job in done} == {"completed"}
    return sorted(done, key=lambda job: job.started_at or 0)


def test_a_greedy_client_makes_nobody_wait_more_than_twice_the_fair_share(door: Open, embedded: Open) -> None:
    jobs = door()
    made = [ask(jobs, "greedy", f"Greedy {number}.") for number in range(GREEDY)]
    for number in range(MODEST):
        made += [ask(jobs, f"client {name}", f"Modest {name} {number}.") for name in range(1, CLIENTS)]
    working = embedded()
    order = served(working, made)

    assert Counter(job.id for job in order) == Counter(job.id for job in made)
    assert working.standing().ended == {"completed": 200}
    rounds = Counter[str]()
    for place, job in enumerate(order, start=1):
        rounds[job.client] += 1
        if job.client != "greedy":
            fair = rounds[job.client] * CLIENTS
            assert place <= 2 * fair, f"{job.client} got its job {rounds[job.client]} as number {place}"


def test_who_comes_late_with_few_jobs_is_served_before_the_rest_of_a_long_list(door: Open, embedded: Open) -> None:
    jobs = door()
    made = [ask(jobs, "greedy", f"Greedy {number}.") for number in range(20)]
    working = embedded()
    ended(working, made[3])
    late = ask(working, "late", "Late.")
    order = served(working, [*made, late])
    after = order.index(next(job for job in order if job.id == late.id))
    assert after < len(order) - 1
    assert {job.client for job in order[after + 2 :]} == {"greedy"}


def test_a_lower_priority_number_comes_first_and_jobs_called_off_cost_no_turn(door: Open, embedded: Open) -> None:
    jobs = door()
    later = [ask(jobs, "me", f"Later {number}.") for number in range(3)]
    for job in [ask(jobs, "other", f"Never {number}.") for number in range(10)]:
        jobs.cancel(job.id)
    other = ask(jobs, "other", "Other.")
    first = ask(jobs, "me", "First.", priority=0)
    order = [job.id for job in served(embedded(), [*later, other, first])]
    assert order[0] == first.id
    assert order.index(other.id) <= 2
