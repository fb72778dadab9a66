import Core
import Tools
import Wire

/// Asks people about something that somebody waits for: who leaves has withdrawn it. A yes that comes later would start what
/// belongs to nobody.
@Loop
final class CallApprover: Approver, Sendable {
  private let desk: ApprovalDesk
  private let call: CallStream

  init(_ desk: ApprovalDesk, for call: CallStream) { (self.desk, self.call) = (desk, call) }

  nonisolated func ask(_ question: ApprovalQuestion) async -> ApprovalAnswer { await put(question) }

  private func put(_ question: ApprovalQuestion) async -> ApprovalAnswer {
    let left = Turnstile()
    let before = call.whenClosed
    call.whenClosed = {
      before?()
      left.wake()
    }
    defer { call.whenClosed = before }
    return await withTaskGroup(of: ApprovalAnswer.self) { group in
      group.addTask { await self.desk.ask(question) }
      group.addTask { await self.withdrawal(left) }
      let first = await group.next() ?? .withdrawn
      group.cancelAll()
      return call.isClosed ? .withdrawn : first
    }
  }

  private func withdrawal(_ left: Turnstile) async -> ApprovalAnswer {
    try? await left.wait { call.isClosed }
    return .withdrawn
  }
}
