"""A hospital's own HL7 library (hl7apy) over a socket: it registers two, merges them, and reads before and after."""

from __future__ import annotations

import socket
from asyncio import to_thread

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.core import Message
from hl7apy.parser import parse_message

from carecode.app import App
from carecode.exchange.hl7.inbox import Inbox
from carecode.exchange.mllp import Listener
from tests.exchange.hl7.people import MEI


class Client:
    """One connection of a hospital's system."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._count = 0

    def close(self) -> None:
        self._socket.close()

    def new(self, kind: str, structure: str, level: int = VALIDATION_LEVEL.STRICT) -> Message:
        """Begin a message as hl7apy builds it."""
        self._count += 1
        message = Message(structure, version="2.5", validation_level=level)
        message.msh.msh_3 = "HIS"
        message.msh.msh_4 = "COUNTY2"
        message.msh.msh_5 = message.msh.msh_6 = "CARECODE"
        message.msh.msh_7 = "20261124090000"
        message.msh.msh_9 = kind
        message.msh.msh_10 = f"H{self._count}"
        message.msh.msh_11 = "P"
        message.msh.msh_18 = "UNICODE UTF-8"
        if not kind.startswith("QBP"):
            message.evn.evn_2 = "20261124090000"
        return message

    def send(self, message: Message) -> Message:
        """Send one message and parse its answer; hl7apy has to understand all of it."""
        self._socket.sendall(message.to_mllp().encode())
        data = b""
        while not data.endswith(b"\x1c\x0d"):
            more = self._socket.recv(65536)
            assert more, "the listener closed the connection"
            data += more
        answer = parse_message(data[1:-2].decode(), find_groups=False)
        assert answer.msa.msa_2.value == message.msh.msh_10.value
        return answer

    def add(self, number: str, name: str, born: str, national: str = "") -> str:
        message = self.new("ADT^A28^ADT_A05", "ADT_A05")
        message.pid.pid_3 = f"{number}^^^COUNTY2^MR"
        if national:
            message.pid.add_field("pid_3").value = f"{national}^^^&2.16.156.10011.1.3&ISO^NI"
        message.pid.pid_5 = name
        message.pid.pid_7 = born
        message.pid.pid_8 = "F"
        message.pv1.pv1_2 = "N"
        return str(self.send(message).msa.msa_1.value)

    def merge(self, stays: str, goes: str) -> str:
        message = self.new("ADT^A40^ADT_A39", "ADT_A39")
        group = message.add_group("ADT_A39_PATIENT")
        group.pid.pid_3 = f"{stays}^^^COUNTY2^MR"
        group.pid.pid_5 = "林^梅"
        group.mrg.mrg_1 = f"{goes}^^^COUNTY2^MR"
        return str(self.send(message).msa.msa_1.value)

    def numbers(self, number: str) -> tuple[str, set[str]]:
        """Ask which numbers she has: QAK-2, and those of our own authority."""
        message = self.new("QBP^Q23^QBP_Q21", "QBP_Q21")
        message.qpd.qpd_1 = "IHE PIX Query"
        message.qpd.qpd_2 = "T1"
        message.qpd.qpd_3 = f"{number}^^^COUNTY2^MR"
        message.rcp.rcp_1 = "I"
        answer = self.send(message)
        status = str(answer.qak.qak_2.value)
        if status != "OK":
            return status, set()
        found = {(str(each.cx_1.value), str(each.cx_4.value)) for each in answer.pid.pid_3}
        return status, {value for value, authority in found if authority == "COUNTY2"}

    def who(self, *parameters: str) -> list[str]:
        """Ask who somebody is: PID-5, PID-7, PID-8 of the one person, or nothing."""
        # hl7apy's strict level knows no query with several parameters (QPD-3 varies).
        message = self.new("QBP^Q22^QBP_Q21", "QBP_Q21", VALIDATION_LEVEL.TOLERANT)
        message.qpd.qpd_1 = "IHE PDQ Query"
        message.qpd.qpd_2 = "T2"
        for each in parameters:
            message.qpd.add_field("qpd_3").value = each
        message.rcp.rcp_1 = "I"
        answer = self.send(message)
        if answer.qak.qak_2.value != "OK":
            return []
        pid = answer.pid
        return [str(pid.pid_5[0].xpn_1.value), str(pid.pid_7.value), str(pid.pid_8.value)]


@pytest.mark.filterwarnings("default::DeprecationWarning:hl7apy")
async def test_a_hospitals_client_registers_merges_and_reads(county: Inbox, house: App) -> None:
    listener = Listener(county, 0)
    await listener.start()

    def day(port: int) -> None:
        client = Client(port)
        assert client.add("M1", "林^梅", "19850314", MEI) == "AA"
        assert client.add("M2", "无名氏", "") == "AA"
        assert client.numbers("M1") == ("OK", {"M1"})
        assert client.numbers("M2") == ("OK", {"M2"})
        assert client.numbers("M3") == ("NF", set())
        assert client.merge("M1", "M2") == "AA"
        assert client.numbers("M1") == client.numbers("M2") == ("OK", {"M1", "M2"})
        asked = ("@PID.5.1.1^林", "@PID.5.2^梅", "@PID.7^19850314", f"@PID.3.1^{MEI}", "@PID.3.5^NI")
        assert client.who(*asked) == ["林梅", "19850314", "F"]
        assert client.who(*asked[:2], "@PID.7^19850315", "@PID.13^13700000987") == []
        client.close()

    try:
        await to_thread(day, listener.port)
    finally:
        await listener.stop()
    her = await house.index.resolve("citizen-id", MEI)
    assert her is not None
    assert len(her.keys) == 2
    looks = [entry for entry in await house.log.entries(her) if entry.action == "identify"]
    assert {entry.organisation for entry in looks} == {"county-2"}
    assert len(looks) == 5  # one for each answer that was about her: M1, M2 (joined since), twice after, and who
