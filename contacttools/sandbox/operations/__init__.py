"""Operations: what a caller can ask for, a file per kind. They ask the rules and use the store."""
