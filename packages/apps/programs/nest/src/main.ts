import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { NotesModule } from './notes.module.js'

const app = await NestFactory.create(NotesModule)
app.enableShutdownHooks()
await app.listen(3000)
