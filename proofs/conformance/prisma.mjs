// Prisma's real schema engine, asked by lines of JSON on standard input and answering by one each. The database is the
// one of a request's `connection`.
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import pg from 'pg'
import { PrismaPg } from '@prisma/adapter-pg'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg'
import { inOneMessage } from './one-message.mjs'
import { byName } from './order.mjs'

const wasm = fs.readFileSync(new URL('schema_engine_bg.wasm', import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg')))
const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': glue })
glue.__wbg_set_wasm(instance.exports)
instance.exports.__wbindgen_start()

const datamodels = [['schema.prisma', 'datasource db { provider = "postgresql" }\n']]
const filters = { externalTables: [], externalEnums: [] }

// What Prisma's own command line reads of a directory, in its order.
function listed(directory) {
  const lockfile = path.join(directory, 'migration_lock.toml')
  const names = fs.readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return {
    baseDir: directory,
    lockfile: {
      path: 'migration_lock.toml', content: fs.existsSync(lockfile) ? fs.readFileSync(lockfile, 'utf8') : null,
    },
    shadowDbInitScript: '',
    migrationDirectories: names.map((entry) => entry.name).sort(byName).map((name) => ({
      path: name,
      migrationFile: {
        path: 'migration.sql',
        content: { tag: 'ok', value: fs.readFileSync(path.join(directory, name, 'migration.sql'), 'utf8') },
      },
    })),
  }
}

const commands = {
  deploy: (engine, { directory }) => engine.applyMigrations({ migrationsList: listed(directory), filters }),
  status: (engine, { directory }) =>
    engine.diagnoseMigrationHistory({ migrationsList: listed(directory), optInToShadowDatabase: false, filters }),
  applied: (engine, { directory, migration }) =>
    engine.markMigrationApplied({ migrationsList: listed(directory), migrationName: migration }),
  rolledBack: (engine, { migration }) => engine.markMigrationRolledBack({ migrationName: migration }),
}

async function answer(request) {
  // One session, as the engine has, which ends with the request and takes its advisory lock with it.
  const pool = new pg.Pool({ ...request.connection, max: 1 })
  pool.on('error', () => {})
  try {
    const factory = bindMigrationAwareSqlAdapterFactory(inOneMessage(new PrismaPg(pool)))
    const engine = await glue.SchemaEngine.new({ datamodels }, () => {}, factory)
    return { output: await commands[request.command](engine, request) }
  } catch (error) {
    return { error: error.code ?? 'failed', message: error.message }
  } finally {
    await pool.end()
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n')
}
process.exit(0)
