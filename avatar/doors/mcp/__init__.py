"""The door for models that use tools: MCP over streamable HTTP and over stdio. Knows the job façade and words."""
