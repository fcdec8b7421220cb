"""How much of a good a level of service brings."""

import pandas as pd
import pytest

from goodlib.decision.response import ELASTICITY, response

LEVELS = pd.DataFrame({"level": [0, 1], "name": ["book", "full"], "hours": [1.0, 10.0], "cost": 0})

# Oracle


def test_the_default_is_an_elasticity_of_time():
    found = response(LEVELS)
    assert found.assumed == ("others", "skill", "you")
    assert found.services["response_you"].tolist() == pytest.approx([0.1**ELASTICITY, 1.0])


# Laws


def test_what_the_study_states_stands():
    found = response(LEVELS.assign(response_you=[0.2, 0.9]))
    assert found.assumed == ("others", "skill")
    assert found.services["response_you"].tolist() == [0.2, 0.9]
