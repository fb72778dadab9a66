import Host
public import Permission

/// The gate's eyes in this machine's file system.
public struct RealPaths: PathView {
  public init() {}

  public func resolve(_ path: String) -> ResolvedPath {
    let place = LinkWalk.resolve(path)
    return ResolvedPath(place.path, isBlockDevice: place.isBlockDevice)
  }

  public func resolve(_ name: String, in folder: String) -> ResolvedPath? {
    LinkWalk.step(name, in: folder).map { ResolvedPath($0.path, isBlockDevice: $0.isBlockDevice) }
  }

  public func names(in directory: String) -> [String] { PrivateFiles.names(in: directory) }
}
