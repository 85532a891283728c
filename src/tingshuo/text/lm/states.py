"""An n-gram model for searches, which ask for the same contexts again and again: states that remember what may follow them."""

from tingshuo.text.lm.ngram import Context, NGram

_KEPT = 1 << 14
"""States that are kept; a server that hears everything would come to hold the whole model once more."""


class State:
    """What was said last, as far as the model looks back.

    Attributes
    ----------
    context : Context
        As `NGram.extend` has it.
    known : sequence of (dict of int to float, float)
        Which units are known to follow, with their log probabilities: the context itself, then ever shorter ones up to the empty
        one, which has all. Beside each the log weight of going back to it; the first that has a unit counts.
    """

    __slots__ = ("_following", "_states", "context", "known")

    def __init__(self, states: "States", context: Context) -> None:
        self._states, self.context = states, context
        followers, back_off = states.model.followers(context)
        self.known: tuple[tuple[dict[int, float], float], ...] = ((followers, 0.0),)
        if context:
            shorter = states.at(context[1:]).known
            self.known += tuple((units, back_off + weight) for units, weight in shorter)
        self._following: dict[int, State] = {}

    def log_prob(self, unit: int) -> float:
        """Return the log probability of a unit here."""
        for units, weight in self.known:
            if unit in units:
                return weight + units[unit]
        raise AssertionError("every unit has a row of its own")

    def after(self, unit: int) -> "State":
        """Return the state behind one more unit."""
        state = self._following.get(unit)
        if state is None:
            model = self._states.model
            state = self._following[unit] = self._states.at(model.shortened((*self.context, unit)))
        return state


class States:
    """The states of a model; each is made when it is first met, and kept for a while.

    Parameters
    ----------
    model : NGram
        The model.
    """

    def __init__(self, model: NGram) -> None:
        self.model = model
        self._states: dict[Context, State] = {}

    @property
    def start(self) -> State:
        """Before the first unit."""
        return self.at(self.model.start)

    def at(self, context: Context) -> State:
        """Return the state of a context that the model knows, such as the empty one."""
        state = self._states.get(context)
        if state is None:
            if len(self._states) >= _KEPT:
                self._states = {}  # those that a search still holds go on to live with it
            state = self._states[context] = State(self, context)
        return state
