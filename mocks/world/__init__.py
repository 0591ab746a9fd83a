"""The simulated province. Every simulated system is a view of it."""

from lgsp_mocks.world.model import Address, Agency, Business, CastMember, Household, Person, Place
from lgsp_mocks.world.province import Province
from lgsp_mocks.world.world import World

__all__ = ["Address", "Agency", "Business", "CastMember", "Household", "Person", "Place", "Province", "World"]
