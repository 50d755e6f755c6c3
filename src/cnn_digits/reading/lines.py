from dataclasses import dataclass
@dataclass(frozen=True)
class LineRegion:
    left: float
    top: float
    width: float
    height: float
    slope: float = 0.0
