import { Body, Controller, Get, Param, ParseIntPipe, Post } from '@nestjs/common'
import { NotesService } from './notes.service.js'

@Controller('notes')
export class NotesController {
  constructor(private readonly notes: NotesService) {}

  @Get()
  findAll(): Promise<string[]> {
    return this.notes.findAll()
  }

  @Get(':id')
  findOne(@Param('id', ParseIntPipe) id: number): Promise<string> {
    return this.notes.findOne(id)
  }

  @Post()
  create(@Body('text') text: string): Promise<string[]> {
    return this.notes.create(text)
  }
}
