import Host
public import Permission

/// The gate's eyes in this machine's file system.
public struct RealPaths: PathView {
  public init() {}

  public func resolve(_ path: String) -> ResolvedPath {
    let place = LinkWalk.resolve(path)
    return ResolvedPath(place.path, isBlockDevice: place.isBlockDevice)
  }

  public func names(in directory: String) -> [String] { PrivateFiles.names(in: directory) }
}
