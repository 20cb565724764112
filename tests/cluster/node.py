def missing_programs() -> list[str]:
    return []
