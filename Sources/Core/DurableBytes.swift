/// Memory that outlives the process that wrote it: what stands here after a kill is what was stored before it.
///
/// Host gives it a file; Session keeps journals in it and needs to know nothing of files.
@Loop
public protocol DurableBytes: AnyObject {
  /// What may be touched now. It begins where it began, however it grows.
  var bytes: UnsafeMutableRawBufferPointer { get }
  /// Makes at least `count` bytes usable; new ones are zero. Throws `limit` when the disk is full: nothing has changed.
  func grow(to count: Int) throws(CmdopError)
}
