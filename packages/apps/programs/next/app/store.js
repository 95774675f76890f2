import { readFile, writeFile } from 'node:fs/promises'

const file = '/data/notes.json'

export const readNotes = async () => JSON.parse(await readFile(file, 'utf8').catch(() => '[]'))

export const addNote = async (text) => {
  const notes = [...(await readNotes()), text]
  await writeFile(file, JSON.stringify(notes))
  return notes
}
