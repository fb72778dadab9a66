/// A parent for tasks that are started from callbacks. `run` waits for all of them and ends them when it is cancelled.
public final class Nursery: Sendable {
  public typealias Job = @Sendable () async -> Void
  private let jobs: AsyncStream<Job>
  private let incoming: AsyncStream<Job>.Continuation

  public init() { (jobs, incoming) = AsyncStream.makeStream() }

  /// Runs `job` as a child of `run`. Before `run` has begun it waits; after `close` it is dropped.
  public func start(_ job: @escaping Job) { incoming.yield(job) }

  /// No more jobs are taken; `run` returns when those that run have ended.
  public func close() { incoming.finish() }

  /// Looks after the jobs until `close`, or until its own task is cancelled: then the jobs are cancelled too.
  public func run() async {
    await withDiscardingTaskGroup { group in
      for await job in jobs { group.addTask(operation: job) }
      if Task.isCancelled { group.cancelAll() }
    }
  }
}
