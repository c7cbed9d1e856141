"""Makes the JSON Schema and the TypeScript types of the manifest from `shared/model`."""
