"""Sample data of a message: valid by its schema, the same every time, and visibly invented."""

from __future__ import annotations

from lgsp.contract.model import Codec
from lgsp.contract.sampling import Sampler
from lgsp.contract.shape import TEXT_KEY, Raw
from lgsp.model import Data


def sample(codec: Codec) -> Data:
    """One message with every field filled that can be filled; recursion stops at the first repetition."""

    element, table = getattr(codec, "element"), getattr(codec, "table")  # noqa: B009  the codecs of this package have both
    sampler = Sampler(table)
    mixed = isinstance(element.shape, Raw)
    value = sampler.raw(element) if mixed else sampler.value(element.shape, element.name)
    data: Data = value if isinstance(value, dict) else {TEXT_KEY: value}
    return data
