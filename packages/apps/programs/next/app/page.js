import { Counter } from './counter'
import { readNotes } from './store'

export const dynamic = 'force-dynamic'

export default async function Page() {
  const notes = await readNotes()
  return (
    <main>
      <h1>Notes</h1>
      <ul>
        {notes.map((note) => (
          <li key={note}>{note}</li>
        ))}
      </ul>
      <Counter />
    </main>
  )
}
