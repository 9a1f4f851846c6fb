"""Who is compared with whom: where each peer runs, how many boxes it can take, what it is."""

from dataclasses import dataclass
from typing import Literal

OURS, FRAMES = "sitecast", "frames"


@dataclass(frozen=True)
class Peer:
    """One way to pick k of R recipes by segment."""

    name: str
    label: str
    module: str
    """In benchmarks.peers; holds `pick_<name>(boxes, seed)`."""
    environment: str | None = None
    """Name of its requirements file; None = the project's own environment."""
    most_boxes: int = 10_000_000
    """A larger case is measured on a sample of so many."""
    threads: Literal["halves", "own", "one"] = "halves"
    """Two threads: each takes half, the library's own, or no gain (it holds Python's lock)."""
    packages: tuple[str, ...] = ("numpy",)


PEERS = (
    Peer(OURS, "sitecast kernel", "ours", packages=("numba", "numpy")),
    Peer(FRAMES, "of which what a box is: size, portions, taste, add-ons", "ours", packages=()),
    Peer("alias_compiled", "numba alias tables + rejection, same counters", "alias_compiled",
         packages=("numba", "numpy")),
    Peer("alias", "NumPy alias tables + rejection", "numpy_rejection"),
    Peer("urn", "SciPy DiscreteAliasUrn + rejection", "numpy_rejection",
         packages=("scipy", "numpy")),
    Peer("cdf", "NumPy inverse CDF + rejection", "numpy_rejection"),
    Peer("race", "NumPy exponential race, float32", "numpy_keys"),
    Peer("jax", "JAX Gumbel top-k", "jax_top_k", "jax", threads="own",
         packages=("jax", "jaxlib", "numpy")),
    Peer("torch", "torch.multinomial", "torch_multinomial", "torch", 200_000, "own",
         ("torch", "numpy")),
    Peer("gumbel", "NumPy Gumbel top-k", "numpy_keys", most_boxes=200_000),
    Peer("random", "random.choices + rejection, a loop", "loops", most_boxes=50_000,
         threads="one", packages=()),
    Peer("choicemodels", "choicemodels monte_carlo_choices, k passes", "choice_models",
         "choicemodels", 10_000, "one", ("choicemodels", "pandas", "numpy")),
    Peer("activitysim", "ActivitySim make_choices, k passes", "activity_sim", "activitysim",
         5_000, "one", ("activitysim", "pandas", "numpy")),
    Peer("choice", "Generator.choice, a loop to a DataFrame", "loops", most_boxes=5_000,
         threads="one", packages=("numpy", "pandas")),
    Peer("simpy", "SimPy process per order", "simpy_orders", "simpy", 5_000, "one",
         ("simpy", "numpy")),
)  # fmt: skip
KITS = Peer("kits", "of which slot tables and kits", "ours", packages=())
"""Not measured but worked out: all of ours less what a box is. What peers are compared with."""
BY_NAME = {peer.name: peer for peer in (*PEERS, KITS)}
