// Prisma's own schema engine over a directory and a database, as `prisma migrate deploy` would use it:
//     node prisma.mjs DIRECTORY DATABASE_URL
// It is the engine as WebAssembly, because the native one is a download of its own.
import fs from 'node:fs';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { inOneMessage } from '../conformance/one-message.mjs';
import * as engine from './node_modules/@prisma/schema-engine-wasm/schema_engine_bg.js';

const [, , directory, connectionString] = process.argv;
const wasm = new URL('./node_modules/@prisma/schema-engine-wasm/schema_engine_bg.wasm', import.meta.url);
const { instance } = await WebAssembly.instantiate(fs.readFileSync(wasm), { './schema_engine_bg.js': engine });
engine.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

const provider = 'provider = "postgresql"\n';
// One session, as the engine proper has.
const adapter = bindMigrationAwareSqlAdapterFactory(inOneMessage(new PrismaPg({ connectionString, max: 1 })));
const schema = { datamodels: [['schema.prisma', `datasource db { ${provider.trim()} }\n`]] };
const prisma = await engine.SchemaEngine.new(schema, () => {}, adapter);
const names = fs.readdirSync(directory).sort();
const script = (name) => ({ tag: 'ok', value: fs.readFileSync(path.join(directory, name, 'migration.sql'), 'utf8') });
await prisma.applyMigrations({
  migrationsList: {
    baseDir: directory,
    lockfile: { path: 'migration_lock.toml', content: provider },
    shadowDbInitScript: '',
    migrationDirectories: names.map((name) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: script(name) },
    })),
  },
  filters: { externalTables: [], externalEnums: [] },
});
process.exit(0);
