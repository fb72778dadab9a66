/// Memory that outlives the process that wrote it: what stands here after a kill is what was stored before it.
///
/// Host gives it a file; Session keeps journals in it and needs to know nothing of files.
@Loop
public protocol DurableBytes: AnyObject {
  /// What may be touched now. It begins where it began, however it grows.
  var bytes: UnsafeMutableRawBufferPointer { get }
  /// What it is called, for people: a path.
  var name: String { get }
  /// Makes at least `count` bytes usable; new ones are zero. Throws `limit` when the disk is full: nothing has changed.
  func grow(to count: Int) throws(CmdopError)
}

/// Where a terminal's output may arrive, in memory that survives the process: what the kernel has put there is found by
/// the next process even if this one was killed before it looked.
public struct LandingPlace: @unchecked Sendable {
  /// Only touched on the loop.
  public let bytes: UnsafeMutableRawBufferPointer
  private let owner: any DurableBytes

  /// `owner`: what keeps the memory in place.
  public init(_ bytes: UnsafeMutableRawBufferPointer, of owner: any DurableBytes) {
    (self.bytes, self.owner) = (bytes, owner)
  }
}
