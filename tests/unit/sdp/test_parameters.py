from liverelay.rtp.types import PayloadType
from liverelay.sdp.parameters import Codec


def test_parameters_are_found_whatever_their_case() -> None:
    codec = Codec(PayloadType(98), "H265", 90000, parameters=(("Profile-Id", "2"),))

    assert codec.parameter("profile-id") == "2"
    assert codec.parameter("level-id") is None
