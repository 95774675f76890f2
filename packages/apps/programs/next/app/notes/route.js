import { addNote, readNotes } from '../store'

export const dynamic = 'force-dynamic'

export async function GET() {
  return Response.json(await readNotes())
}

export async function POST(request) {
  const { text } = await request.json()
  return Response.json(await addNote(text), { status: 201 })
}
