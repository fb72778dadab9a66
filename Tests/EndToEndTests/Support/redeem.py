"""Uses a guest's link with grpcio and prints the token that it gives: redeem.py PROTOS PORT SECRET NAME."""
import os
import ssl
import sys
import tempfile

import grpc
from grpc_tools import protoc

protos, port, secret, name = sys.argv[1:]
out = tempfile.mkdtemp()
folder = os.path.join(protos, "cmdop/v1")
files = [f"cmdop/v1/{file}" for file in os.listdir(folder)]
assert protoc.main(["protoc", f"-I{protos}", f"--python_out={out}", f"--grpc_python_out={out}", *files]) == 0
sys.path.insert(0, out)
from cmdop.v1 import people_pb2 as people, people_pb2_grpc as rpc  # noqa: E402

certificate = ssl.get_server_certificate(("127.0.0.1", int(port))).encode()
channel = grpc.secure_channel(
    f"127.0.0.1:{port}",
    grpc.ssl_channel_credentials(certificate),
    options=[("grpc.ssl_target_name_override", "localhost")],
)
print(rpc.SharesStub(channel).Redeem(people.RedeemRequest(secret=secret, name=name), timeout=20).access_token)
