"""Opens cmdop.v1.Machine/Open with grpcio, as any foreign client would: open_machine.py PROTOS PORT MACHINE."""
import os
import queue
import ssl
import sys
import tempfile
import time

import grpc
from grpc_tools import protoc

protos, port, machine = sys.argv[1:]
out = tempfile.mkdtemp()
files = ["cmdop/v1/machine.proto", "cmdop/v1/relay.proto"]
assert protoc.main(["protoc", f"-I{protos}", f"--python_out={out}", f"--grpc_python_out={out}", *files]) == 0
sys.path.insert(0, out)
from cmdop.v1 import machine_pb2 as m, machine_pb2_grpc as rpc  # noqa: E402
from cmdop.v1 import relay_pb2 as relay_messages, relay_pb2_grpc as relay  # noqa: E402

certificate = ssl.get_server_certificate(("127.0.0.1", int(port))).encode()
channel = grpc.secure_channel(
    f"127.0.0.1:{port}",
    grpc.ssl_channel_credentials(certificate),
    options=[("grpc.ssl_target_name_override", "localhost"), ("grpc.max_send_message_length", -1)],
)
stub = rpc.MachineStub(channel)
token = [("authorization", "Bearer " + os.environ["CMDOP_TOKEN"])]
route = m.Route(machine=machine)


def run(*words, **more):
    return m.ControlMessage(command_id="test", route=route, run_command=m.RunCommand(arguments=words, **more))


def collect(answers):
    text, ended = b"", None
    for answer in answers:
        if answer.HasField("command_output"):
            text += answer.command_output.data
        if answer.HasField("ended"):
            ended = answer.ended
    return text, ended


one = [run("printf hello; exit 3")]
text, ended = collect(stub.Open(iter(one), metadata=token, timeout=20))
print("exec:", text.decode(), "exit", ended.exit_code)

plain = rpc.MachineStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
text, ended = collect(plain.Open(iter(one), metadata=token, timeout=20))
print("plaintext:", text.decode(), "exit", ended.exit_code)

messages = [run("wc -c", input=True), m.ControlMessage(send_input=m.SendInputCommand(data=b"x" * 4096))]
text, ended = collect(stub.Open(iter(messages), metadata=token, timeout=20))
print("half-closed:", text.decode().strip(), "exit", ended.exit_code)

asks = queue.Queue()
asks.put(m.ControlMessage(route=route, start_session=m.StartSessionCommand(rows=24, columns=80, client_id="c")))
screen = b""
for answer in stub.Open(iter(asks.get, None), metadata=token, timeout=20):
    if answer.HasField("started"):
        line = b"echo wor''ks; exit\r"
        asks.put(m.ControlMessage(send_input=m.SendInputCommand(offset=0, data=line)))
    screen += answer.output.data
    if answer.HasField("ended"):
        asks.put(None)
print("terminal:", "works" if b"works" in screen else screen)


# A session in the background: what it prints meanwhile is there afterwards.
start = m.StartSessionCommand(detached=True, arguments=["sh", "-c", "until [ -e /tmp/never ]; do sleep 0.1; done"])
for answer in stub.Open(iter([m.ControlMessage(route=route, start_session=start)]), metadata=token, timeout=20):
    if answer.HasField("started"):
        session = answer.started.session_id
sessions = relay.SessionsStub(channel)
wanted = relay_messages.BackgroundRequest(session_id=session)
deadline = time.monotonic() + 20
while session not in [c.session_id for c in sessions.ListSessions(relay_messages.ListSessionsRequest(), metadata=token).sessions]:
    assert time.monotonic() < deadline, "the session has no card"
    time.sleep(0.02)
states = [
    m.SessionCard.State.Name(call(wanted, metadata=token, timeout=20).state).removeprefix("STATE_")
    for call in (sessions.EnterBackground, sessions.WakeFromBackground)
]
print("background:", *states)


def sized(size):
    """Standard input in a message of exactly this size on the wire."""
    for short in range(64):
        message = m.ControlMessage(command_id="sized", send_input=m.SendInputCommand(data=b"x" * (size - short)))
        if message.ByteSize() == size:
            return message


def failure(open, *arguments, **more):
    try:
        collect(open(*arguments, timeout=20, **more))
    except grpc.RpcError as error:
        return error


def told(error):
    """How it was refused: as the call's status, by whoever did."""
    return error.code().name, "4 MiB" if "4 MiB" in error.details() else error.details()


limit = 4 * 1024 * 1024
text, ended = collect(stub.Open(iter([run("wc -c", input=True), sized(limit)]), metadata=token, timeout=20))
print("4 MiB:", text.decode().strip() if int(text) == len(sized(limit).send_input.data) else "lost: " + text.decode())
print("4 MiB + 1 first:", *told(failure(stub.Open, iter([sized(limit + 1)]), metadata=token)))
# Behind the first message only the two ends read messages: the machine refuses it, in its last words.
asks.put(run("echo running; cat >/dev/null", input=True))
for answer in stub.Open(iter(asks.get, None), metadata=token, timeout=20):
    if answer.HasField("command_output"):
        asks.put(sized(limit + 1))
        asks.put(None)
    if answer.HasField("ended"):
        ended = answer.ended
print("4 MiB + 1 later:", ended.failure.code, "4 MiB" if "4 MiB" in ended.failure.message else ended)
print("no token:", failure(stub.Open, iter([run("true")])).code().name)
elsewhere = m.ControlMessage(route=m.Route(machine="nowhere"), run_command=m.RunCommand(arguments=["true"]))
print("unknown machine:", failure(stub.Open, iter([elsewhere]), metadata=token).code().name)


def raw(path):
    return channel.stream_stream(path, request_serializer=bytes, response_deserializer=m.AgentMessage.FromString)


print("no such call:", failure(raw("/cmdop.v1.Machine/Close"), iter([b""]), metadata=token).code().name)
print("truncated:", failure(raw("/cmdop.v1.Machine/Open"), iter([b"\x0a\x7fabc"]), metadata=token).code().name)
old = failure(stub.Open, iter([run("true")]), metadata=token + [("cmdop-protocol", "0")])
print("old client:", old.code().name, "update cmdop on the client" if "update cmdop" in str(old.trailing_metadata()) + old.details() else old)
