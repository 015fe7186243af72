// The engine proper sends a script as one message of the simple protocol, which PostgreSQL runs as one transaction. The
// adapter for Node would cut it at every semicolon, also within a string or a function's body.
export function inOneMessage(factory) {
  const connect = factory.connect.bind(factory)
  factory.connect = async () => {
    const adapter = await connect()
    adapter.executeScript = async (script) => {
      try {
        await adapter.underlyingDriver().query(script)
      } catch (error) {
        adapter.onError(error)
      }
    }
    return adapter
  }
  return factory
}
