"""Operations (layers and ops) and the graph that their calls on symbolic tensors leave."""
