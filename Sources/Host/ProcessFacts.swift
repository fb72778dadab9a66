import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What the system tells of a running process.
enum ProcessFacts {
  static func program(_ id: pid_t) -> ForegroundProgram? {
    #if os(Linux)
      guard let name = try? PrivateFiles.read("/proc/\(id)/comm", limit: 256) else { return nil }
      var buffer = [CChar](repeating: 0, count: 4096)
      let length = readlink("/proc/\(id)/cwd", &buffer, buffer.count - 1)
      let directory =
        length > 0 ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
      return ForegroundProgram(
        command: String(decoding: name.filter { $0 >= 32 && $0 != 127 }, as: UTF8.self), directory: directory)
    #else
      var name = [CChar](repeating: 0, count: 256)
      guard proc_name(id, &name, UInt32(name.count)) > 0 else { return nil }
      return ForegroundProgram(
        command: name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }, directory: nil)
    #endif
  }
}
