import Core
import Wire

extension FleetService {
  private static let unsupported = CmdopError(.unsupported, "not yet")
  func renameMachine(request: Cmdop_V1_RenameMachineRequest, context: CallContext) async throws -> Cmdop_V1_MachineCard { throw Self.unsupported }
  func removeMachine(request: Cmdop_V1_RemoveMachineRequest, context: CallContext) async throws -> Cmdop_V1_MachineCard { throw Self.unsupported }
  func createJoinKey(request: Cmdop_V1_CreateJoinKeyRequest, context: CallContext) async throws -> Cmdop_V1_NewJoinKey { throw Self.unsupported }
  func listJoinKeys(request: Cmdop_V1_ListJoinKeysRequest, context: CallContext) async throws -> Cmdop_V1_ListJoinKeysReply { throw Self.unsupported }
  func rotateJoinKey(request: Cmdop_V1_JoinKeyRequest, context: CallContext) async throws -> Cmdop_V1_NewJoinKey { throw Self.unsupported }
  func revokeJoinKey(request: Cmdop_V1_JoinKeyRequest, context: CallContext) async throws -> Cmdop_V1_JoinKeyCard { throw Self.unsupported }
}
