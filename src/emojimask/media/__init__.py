"""Pictures and videos as such: their pixels, planes and colours, and the containers that hold them."""
