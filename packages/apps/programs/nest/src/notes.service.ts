import { Injectable, NotFoundException } from '@nestjs/common'
import { readFile, writeFile } from 'node:fs/promises'

const file = '/data/notes.json'

@Injectable()
export class NotesService {
  async findAll(): Promise<string[]> {
    return JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as string[]
  }

  async findOne(id: number): Promise<string> {
    const note = (await this.findAll())[id]
    if (note === undefined) throw new NotFoundException(`Note ${id} not found`)
    return note
  }

  async create(text: string): Promise<string[]> {
    const notes = [...(await this.findAll()), text]
    await writeFile(file, JSON.stringify(notes))
    return notes
  }
}
